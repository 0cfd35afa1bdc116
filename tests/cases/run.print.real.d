/* Floating-point numbers are read, kept and printed, by printf() and print(); D does not calculate with them. */

#pragma D option quiet

struct both { double d; float f; long double wide; };
double d;
float none[int];

BEGIN
{
	this->bits = (uint64_t *)alloca(sizeof (struct both));
	this->bits[0] = 0x4004000000000000;
	this->bits[1] = 0xbf400000;
	this->bits[2] = 0xf000000000000000;
	this->bits[3] = 0x4000;
	this->both = (struct both *)this->bits;
	printf("%f %e %g %E %G\n", this->both->d, this->both->f, this->both->d, this->both->f, *(double *)this->bits);
	printf("%8.2f|%-10.1e|%+g|%010.3f|%*.*f|\n", this->both->d, this->both->d, this->both->d, this->both->d, 9, 3,
	    this->both->d);
	d = this->both->d;
	self->f = this->both->f;
	printf("%f %f %f\n", d, self->f, none[1]);
	print(*this->both);
	printf("\n");
	print(d);
	printf("%d %d\n", sizeof (d), sizeof (self->f));
	exit(0);
}

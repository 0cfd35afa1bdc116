/* What a translator is given is calculated once, however often its parameter is named. */

#pragma D option quiet
struct word { string text; int twice; };
translator struct word <int number> {
    text = number == 1 ? "one" : number == 2 ? "two" : "many";
    twice = number + number;
};
BEGIN
{
    x = 2;
    this->text = xlate <struct word *>(x--)->text;
    printf("%s %d\n", this->text, x);
    printf("%d %d\n", xlate <struct word>(++x).twice, x);
    exit(0);
}

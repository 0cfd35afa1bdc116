/* Increments, also negative; below and above the range; a range that its step does not divide; after clear(). */

#pragma D option quiet

BEGIN
{
	@q = quantize(0); @q = quantize(-1); @q = quantize(1); @q = quantize(-10, 3); printa(@q); clear(@q); printa(@q);
	@l = lquantize(-5, -10, 10, 5); @l = lquantize(-11, -10, 10, 5); @l = lquantize(10, -10, 10, 5);
	@l = lquantize(0, -10, 10, 5, -2); printa(@l); normalize(@l, 2); printa(@l);
	@o = lquantize(3, 0, 10, 3); @o = lquantize(9, 0, 10, 3); @o = lquantize(10, 0, 10, 3); printa(@o);
	@n = lquantize(5, 0, 10, 5, -4); @n = lquantize(-1, 0, 10, 5, -1); printa(@n);
	@ll = llquantize(12, 2, 0, 5, 4); @ll = llquantize(-12, 2, 0, 5, 4); @ll = llquantize(3, 2, 0, 5, 4, 7);
	@ll = llquantize(64, 2, 0, 5, 4); printa(@ll);
	@z["none"] = quantize(7, 0); printa(@z);
	exit(0);
}

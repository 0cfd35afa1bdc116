<?php
function greet() {
	name();
}
function name() {
}
greet();

greet() {
	true
	/bin/false
}
greet

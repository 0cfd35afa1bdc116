"""What a dtrace command line asks for: its options, its programs, and the `Request` that the pipeline gets of them."""

//! One push from standard input to exit code.

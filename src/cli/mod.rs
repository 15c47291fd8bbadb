//! The only place that names clap, standard output and exit codes; one file per command.

//! The only place that names git2.

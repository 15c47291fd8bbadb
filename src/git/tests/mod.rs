//! Tests of this layer against real repositories.

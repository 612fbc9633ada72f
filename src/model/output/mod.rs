//! Pure functions from raw outputs to results.

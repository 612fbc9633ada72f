//! What is remembered between two starts.

//! The page with the model's inside.

//! What several families share: finding the image, parts of specs, decoders, NMS, masks.

pub mod anchor_heads;
pub mod boxes_scores;
pub mod candidates;
pub mod class_map;
pub mod class_scores;
pub mod detector;
pub mod final_boxes;
pub mod final_rows;
pub mod image_input;
pub mod image_range;
pub mod image_to_image;
pub mod masks;
#[cfg(test)]
mod masks_tests;
pub mod nms;
pub mod objectness;
pub mod one_value;
pub mod oriented;
pub mod queries;
pub mod score_rows;

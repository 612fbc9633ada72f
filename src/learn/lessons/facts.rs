//! What lessons can ask of the window: a closed list of plain facts.

use std::fmt;

/// A number or a word.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Number(f64),
    Word(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => {
                // Two digits after the point, and none where they are nought; thousands apart from 10,000 on.
                let text = ((number * 100.0).round() / 100.0).to_string();
                let whole = text.split('.').next().unwrap_or_default().trim_start_matches('-').len();
                for (n, sign) in text.chars().enumerate() {
                    let place = n - usize::from(text.starts_with('-')).min(n);
                    if whole > 4 && (1..whole).contains(&place) && (whole - place).is_multiple_of(3) {
                        f.write_str(",")?;
                    }
                    write!(f, "{sign}")?;
                }
                Ok(())
            }
            Self::Word(word) => f.write_str(word),
        }
    }
}

macro_rules! facts {
    ($( $(#[$about:meta])* $fact:ident $name:literal $kind:ident; )*) => {
        /// Something that a lesson can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fact {
            $( $(#[$about])* $fact, )*
        }

        impl Fact {
            /// Every fact.
            pub const ALL: &'static [Self] = &[$( Self::$fact, )*];

            /// What lessons call it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $( Self::$fact => $name, )*
                }
            }

            /// Its value is a number, else a word.
            #[must_use]
            pub fn is_number(self) -> bool {
                match self {
                    $( Self::$fact => facts!(@is_number $kind), )*
                }
            }
        }
    };
    (@is_number number) => { true };
    (@is_number word) => { false };
}

facts! {
    /// What fills the window: `preview`, `inside`, `teach`, `library` or `other`.
    Page "page" word;
    /// The running model's file without its ending.
    Model "model" word;
    /// What it does: `detect`, `classify` …
    Task "task" word;
    /// The class of the surest result, in English.
    Class "class" word;
    /// Score of the surest result, 0..=1.
    Score "score" number;
    /// Boxes, or other objects, that are shown.
    Boxes "boxes" number;
    /// Boxes that the compared model shows.
    BoxesOfSecond "boxes-of-second" number;
    /// The confidence threshold, 0..=1.
    Confidence "confidence" number;
    /// The IoU threshold, 0..=1.
    Iou "iou" number;
    /// Models that run on the same picture.
    Models "models" number;
    /// Classes that the running model knows.
    Classes "classes" number;
    /// Width of the model's input in pixels.
    InputWidth "input-width" number;
    InputHeight "input-height" number;
    /// Numbers in the model's input tensor: width × height × 3.
    InputValues "input-values" number;
    /// Width of the source's picture in pixels.
    PictureWidth "picture-width" number;
    PictureHeight "picture-height" number;
    /// Numbers in the picture: width × height × 3.
    PictureValues "picture-values" number;
    /// Cells of the grids with steps of 8, 16 and 32 pixels over the input: the places where a one-stage detector looks.
    Cells "cells" number;
    /// Size of the running model's file in megabytes.
    Megabytes "megabytes" number;
    /// Size of the compared model's file in megabytes.
    MegabytesOfSecond "megabytes-of-second" number;
    /// The open part of the Inside page.
    Tab "tab" word;
    /// The layer or tensor that it shows.
    Layer "layer" word;
    /// Tensors whose maps the Inside page has shown since it was opened.
    LayersSeen "layers-seen" number;
    /// Standard deviation of the blur before the model, in pixels.
    Blur "blur" number;
    Brightness "brightness" number;
    Noise "noise" number;
    /// In degrees.
    Rotation "rotation" number;
    /// Part of width and height that is cut away, 0..=0.9.
    Crop "crop" number;
    /// 1 without colour, else 0.
    Grey "grey" number;
    /// Quality of the JPEG that the picture is stored as; 100 where it isn't.
    Jpeg "jpeg" number;
    /// Classes of the Teach page.
    TaughtClasses "taught-classes" number;
    /// Examples of all of them.
    Examples "examples" number;
}

impl Fact {
    /// The fact of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fact| fact.name() == name)
    }
}

/// The facts that are known now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    known: std::collections::BTreeMap<Fact, Value>,
}

impl Facts {
    /// The value of a fact, if it is known.
    #[must_use]
    pub fn get(&self, fact: Fact) -> Option<&Value> {
        self.known.get(&fact)
    }

    /// Its value, if it is known and a number.
    #[must_use]
    pub fn number(&self, fact: Fact) -> Option<f64> {
        match self.get(fact)? {
            Value::Number(number) => Some(*number),
            Value::Word(_) => None,
        }
    }

    /// This fact has this number.
    pub fn set(&mut self, fact: Fact, number: f64) {
        self.known.insert(fact, Value::Number(number));
    }

    /// This fact is this word.
    pub fn say(&mut self, fact: Fact, word: impl Into<String>) {
        self.known.insert(fact, Value::Word(word.into()));
    }
}

//! The outputs of a response, kept from one response to the next.

use half::f16;
use half::slice::HalfFloatSliceExt as _;
use serde::Deserialize;

use super::metadata::DataType;

/// A response of more bytes than this is refused, before anything is allocated for it.
pub(super) const MOST_BYTES: usize = 1 << 29;

/// The values of an output, row by row; 16-bit floats are widened.
#[derive(Clone, Debug)]
pub enum Values {
    F32(Vec<f32>),
    I64(Vec<i64>),
    I32(Vec<i32>),
    U8(Vec<u8>),
    /// Of a type that no decoder reads.
    Other,
}

/// An output of a model.
#[derive(Clone, Debug)]
pub struct OutputTensor {
    pub name: String,
    pub data_type: DataType,
    pub shape: Vec<i64>,
    pub values: Values,
    /// 16-bit floats as they came.
    narrow: Vec<f16>,
}

/// The head of an output.
pub(super) struct OutputHead<'a> {
    pub name: &'a str,
    pub data_type: &'a str,
    pub shape: &'a [i64],
}

impl OutputTensor {
    /// An output without values.
    fn empty() -> Self {
        Self {
            name: String::new(),
            data_type: DataType::Fp32,
            shape: Vec::new(),
            values: Values::Other,
            narrow: Vec::new(),
        }
    }

    /// Makes room for the output of this head, in the memory of an earlier one. Returns how many bytes follow.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    /// `room` is how many bytes the response may still take.
    fn begin(&mut self, head: &OutputHead<'_>, bytes: Option<usize>, room: usize) -> Result<usize, String> {
        let name = head.name;
        let data_type = DataType::from_name(head.data_type)
            .ok_or_else(|| format!("the output \u{201c}{name}\u{201d} holds {}", head.data_type))?;
        let count = head.shape.iter().try_fold(1usize, |n, d| n.checked_mul(usize::try_from(*d).ok()?));
        let expected = count.zip(data_type.size()).and_then(|(count, size)| count.checked_mul(size));
        let bytes = match (data_type.size(), expected, bytes) {
            (None, _, given) => given.unwrap_or(0),
            (Some(_), Some(expected), given) if given.is_none_or(|given| given == expected) => expected,
            (Some(_), Some(expected), given) => {
                let given = given.unwrap_or(0);
                return Err(format!(
                    "the output \u{201c}{name}\u{201d} has {given} bytes, and its shape needs {expected}"
                ));
            }
            (Some(_), None, _) => {
                return Err(format!("the output \u{201c}{name}\u{201d} has an impossible shape"));
            }
        };
        if bytes > room {
            return Err("its response is larger than 512 MB".into());
        }
        let count = count.unwrap_or(0);
        if self.name != name {
            name.clone_into(&mut self.name);
        }
        self.data_type = data_type;
        self.shape.clear();
        self.shape.extend_from_slice(head.shape);
        match (data_type, &mut self.values) {
            (DataType::Fp32 | DataType::Fp16, Values::F32(values)) => values.resize(count, 0.0),
            (DataType::Fp32 | DataType::Fp16, values) => *values = Values::F32(vec![0.0; count]),
            (DataType::Int64, Values::I64(values)) => values.resize(count, 0),
            (DataType::Int64, values) => *values = Values::I64(vec![0; count]),
            (DataType::Int32, Values::I32(values)) => values.resize(count, 0),
            (DataType::Int32, values) => *values = Values::I32(vec![0; count]),
            (DataType::Uint8 | DataType::Bool, Values::U8(values)) => values.resize(count, 0),
            (DataType::Uint8 | DataType::Bool, values) => *values = Values::U8(vec![0; count]),
            (_, values) => *values = Values::Other,
        }
        if data_type == DataType::Fp16 {
            self.narrow.resize(count, f16::ZERO);
        }
        Ok(bytes)
    }

    /// Where the bytes go; empty for a type that isn't read.
    fn bytes_mut(&mut self) -> &mut [u8] {
        if self.data_type == DataType::Fp16 {
            return bytemuck::cast_slice_mut(&mut self.narrow);
        }
        match &mut self.values {
            Values::F32(values) => bytemuck::cast_slice_mut(values),
            Values::I64(values) => bytemuck::cast_slice_mut(values),
            Values::I32(values) => bytemuck::cast_slice_mut(values),
            Values::U8(values) => values,
            Values::Other => &mut [],
        }
    }

    /// Widens 16-bit floats and looks for what isn't a number.
    fn finish(&mut self) -> Result<(), String> {
        let Values::F32(values) = &mut self.values else { return Ok(()) };
        if self.data_type == DataType::Fp16 {
            self.narrow.convert_to_f32_slice(values);
        }
        // No early end, so that it is one pass of vector instructions.
        if values.iter().fold(false, |any, v| any | v.is_nan()) {
            return Err(format!(
                "the output \u{201c}{}\u{201d} has values that aren't numbers (NaN)",
                self.name
            ));
        }
        Ok(())
    }
}

/// The outputs of a response that comes in pieces.
#[derive(Debug, Default)]
pub struct Outputs {
    tensors: Vec<OutputTensor>,
    /// How many of `tensors` belong to this response; the others keep their memory.
    used: usize,
    /// Bytes of each that come.
    lengths: Vec<usize>,
    /// The output whose bytes come now, and how many of them have come.
    at: usize,
    filled: usize,
    /// Bytes of all of them.
    total: usize,
}

impl Outputs {
    /// The outputs of the last response.
    #[must_use]
    pub fn tensors(&self) -> &[OutputTensor] {
        self.tensors.get(..self.used).unwrap_or_default()
    }

    /// Begins a response.
    pub(super) fn clear(&mut self) {
        self.used = 0;
        self.lengths.clear();
        self.at = 0;
        self.filled = 0;
        self.total = 0;
    }

    /// Adds an output; `bytes`: how many the server announces for it, `None`: as its shape says.
    pub(super) fn add(&mut self, head: &OutputHead<'_>, bytes: Option<usize>) -> Result<(), String> {
        /// More than any network has.
        const MOST: usize = 1024;
        if self.used >= MOST {
            return Err("it has thousands of outputs".into());
        }
        if self.tensors.len() == self.used {
            self.tensors.push(OutputTensor::empty());
        }
        let Some(tensor) = self.tensors.get_mut(self.used) else { return Ok(()) };
        let room = MOST_BYTES.saturating_sub(self.total);
        let length = tensor.begin(head, bytes, room)?;
        self.total += length;
        self.lengths.push(length);
        self.used += 1;
        Ok(())
    }

    /// Checks that so many bytes come for each output; those of strings are as long as they come.
    pub(super) fn expect(&mut self, lengths: impl Iterator<Item = usize>) -> Result<(), String> {
        for ((length, tensor), given) in self.lengths.iter_mut().zip(&self.tensors).zip(lengths) {
            if tensor.data_type == DataType::Bytes {
                *length = given;
            } else if *length != given {
                let name = &tensor.name;
                return Err(format!(
                    "the output \u{201c}{name}\u{201d} has {given} bytes, and its shape needs {length}"
                ));
            }
        }
        Ok(())
    }

    /// Adds an output whose values are given as numbers.
    pub(super) fn add_numbers(
        &mut self,
        head: &OutputHead<'_>,
        mut number: impl FnMut(usize) -> Option<f64>,
    ) -> Result<(), String> {
        self.add(head, None)?;
        let Some(tensor) = self.used.checked_sub(1).and_then(|last| self.tensors.get_mut(last)) else {
            return Ok(());
        };
        let name = &tensor.name;
        let missing = || format!("the output \u{201c}{name}\u{201d} has fewer values than its shape needs");
        match &mut tensor.values {
            Values::F32(values) => {
                for (n, value) in values.iter_mut().enumerate() {
                    *value = number(n).ok_or_else(missing)? as f32;
                }
            }
            Values::I64(values) => {
                for (n, value) in values.iter_mut().enumerate() {
                    *value = number(n).ok_or_else(missing)? as i64;
                }
            }
            Values::I32(values) => {
                for (n, value) in values.iter_mut().enumerate() {
                    *value = number(n).ok_or_else(missing)? as i32;
                }
            }
            Values::U8(values) => {
                for (n, value) in values.iter_mut().enumerate() {
                    *value = number(n).ok_or_else(missing)? as u8;
                }
            }
            Values::Other => {}
        }
        if tensor.data_type == DataType::Fp16
            && let Values::F32(values) = &tensor.values
        {
            tensor.narrow.iter_mut().zip(values).for_each(|(narrow, value)| *narrow = f16::from_f32(*value));
        }
        if let Some(length) = self.lengths.last_mut() {
            *length = 0;
        }
        Ok(())
    }

    /// Takes the next bytes of the response.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            // Outputs without values, or with values that came as numbers.
            while self.lengths.get(self.at) == Some(&0) {
                self.at += 1;
            }
            let Some(length) = self.lengths.get(self.at).copied() else {
                return Err("more bytes come than it announced".into());
            };
            let count = (length - self.filled).min(bytes.len());
            let (now, rest) = bytes.split_at(count);
            if let Some(tensor) = self.tensors.get_mut(self.at) {
                let filled = self.filled;
                if let Some(room) = tensor.bytes_mut().get_mut(filled..filled + count) {
                    room.copy_from_slice(now);
                }
            }
            self.filled += count;
            bytes = rest;
            if self.filled == length {
                self.at += 1;
                self.filled = 0;
            }
        }
        Ok(())
    }

    /// The response is over: everything must be there.
    pub(super) fn finish(&mut self) -> Result<(), String> {
        let missing: usize = self.lengths.iter().skip(self.at).sum::<usize>() - self.filled;
        if missing > 0 {
            return Err(format!("its response is {missing} bytes too short"));
        }
        if self.used == 0 {
            return Err("its response has no output".into());
        }
        self.tensors.iter_mut().take(self.used).try_for_each(OutputTensor::finish)
    }
}

/// The JSON of a response.
#[derive(Deserialize)]
pub(super) struct ResponseJson<'a> {
    #[serde(borrow)]
    pub outputs: Vec<OutputJson<'a>>,
}

#[derive(Deserialize)]
pub(super) struct OutputJson<'a> {
    #[serde(borrow)]
    pub name: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    pub datatype: std::borrow::Cow<'a, str>,
    pub shape: Vec<i64>,
    #[serde(default)]
    pub parameters: Option<OutputParameters>,
    #[serde(default)]
    pub data: Option<Numbers>,
}

#[derive(Default, Deserialize)]
pub(super) struct OutputParameters {
    #[serde(default)]
    pub binary_data_size: Option<usize>,
}

/// Numbers, in lists within lists or in one.
pub(super) struct Numbers(pub Vec<f64>);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Flattens as it reads: a list of lists of a million numbers is no million of small objects.
        struct Flatten<'a>(&'a mut Vec<f64>);

        impl<'de> serde::de::DeserializeSeed<'de> for Flatten<'_> {
            type Value = ();

            fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_any(self)
            }
        }

        impl<'de> serde::de::Visitor<'de> for Flatten<'_> {
            type Value = ();

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("numbers")
            }

            fn visit_bool<E>(self, value: bool) -> Result<(), E> {
                self.0.push(f64::from(u8::from(value)));
                Ok(())
            }

            fn visit_i64<E>(self, value: i64) -> Result<(), E> {
                self.0.push(value as f64);
                Ok(())
            }

            fn visit_u64<E>(self, value: u64) -> Result<(), E> {
                self.0.push(value as f64);
                Ok(())
            }

            fn visit_f64<E>(self, value: f64) -> Result<(), E> {
                self.0.push(value);
                Ok(())
            }

            // Python's `json` writes no number for NaN where it is told to keep to JSON.
            fn visit_unit<E>(self) -> Result<(), E> {
                self.0.push(f64::NAN);
                Ok(())
            }

            // Strings hold no numbers, and their output isn't read.
            fn visit_str<E>(self, _: &str) -> Result<(), E> {
                Ok(())
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
                while list.next_element_seed(Flatten(&mut *self.0))?.is_some() {}
                Ok(())
            }
        }

        let mut numbers = Vec::new();
        serde::de::DeserializeSeed::deserialize(Flatten(&mut numbers), deserializer)?;
        Ok(Self(numbers))
    }
}

impl Outputs {
    /// Begins the outputs that the JSON of a response names.
    pub(super) fn begin(&mut self, json: &[u8]) -> Result<(), String> {
        self.clear();
        let response: ResponseJson<'_> = serde_json::from_slice(json)
            .map_err(|error| format!("its response isn't that of a model ({error})"))?;
        for output in &response.outputs {
            let head = OutputHead { name: &output.name, data_type: &output.datatype, shape: &output.shape };
            match (&output.data, output.parameters.as_ref().and_then(|p| p.binary_data_size)) {
                (Some(numbers), _) => self.add_numbers(&head, |n| numbers.0.get(n).copied())?,
                (None, bytes) => self.add(&head, bytes)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, bytes: &[u8]) -> Result<Outputs, String> {
        let mut outputs = Outputs::default();
        outputs.begin(json.as_bytes())?;
        // In pieces, as a network brings them.
        for piece in bytes.chunks(3) {
            outputs.take(piece)?;
        }
        outputs.finish()?;
        Ok(outputs)
    }

    fn floats(outputs: &Outputs, at: usize) -> &[f32] {
        match &outputs.tensors()[at].values {
            Values::F32(values) => values,
            other => panic!("{other:?}"),
        }
    }

    /// The bytes are those of IEEE 754 and of little-endian order, worked out by hand.
    #[test]
    fn bytes_and_numbers_are_read() {
        let json = r#"{"outputs":[
            {"name":"a","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},
            {"name":"s","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":5}},
            {"name":"h","datatype":"FP16","shape":[2],"parameters":{"binary_data_size":4}},
            {"name":"n","datatype":"INT64","shape":[2],"parameters":{"binary_data_size":16}}]}"#;
        let mut bytes = vec![0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc1];
        bytes.extend_from_slice(&[1, 0, 0, 0, b'x']);
        bytes.extend_from_slice(&[0x00, 0x3c, 0x00, 0xc0]);
        bytes.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        let outputs = read(json, &bytes).expect("read");
        assert_eq!(floats(&outputs, 0), [1.0, -10.0]);
        assert_eq!(floats(&outputs, 2), [1.0, -2.0]);
        assert!(matches!(&outputs.tensors()[3].values, Values::I64(values) if *values == [1, -1]));
        let nested =
            r#"{"outputs":[{"name":"a","datatype":"FP32","shape":[2,2],"data":[[1,2.5],[-3,4e0]]}]}"#;
        assert_eq!(floats(&read(nested, &[]).expect("read"), 0), [1.0, 2.5, -3.0, 4.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let one = |rest: &str| format!(r#"{{"outputs":[{{"name":"a","datatype":"FP32",{rest}}}]}}"#);
        // Each is small enough, and all together would take a terabyte.
        let many = vec![r#"{"name":"a","datatype":"FP16","shape":[100000000]}"#; 1000].join(",");
        let many = format!(r#"{{"outputs":[{many}]}}"#);
        for (json, bytes, word) in [
            (
                one(r#""shape":[2],"parameters":{"binary_data_size":4}"#),
                vec![0; 4],
                "4 bytes, and its shape needs 8",
            ),
            (one(r#""shape":[2],"parameters":{"binary_data_size":8}"#), vec![0; 7], "1 bytes too short"),
            (one(r#""shape":[2],"parameters":{"binary_data_size":8}"#), vec![0; 9], "more bytes"),
            (one(r#""shape":[-1]"#), vec![], "impossible shape"),
            (one(r#""shape":[4000000000,4000000000,4000000000]"#), vec![], "impossible shape"),
            (one(r#""shape":[1000000000]"#), vec![], "larger than 512 MB"),
            (many, vec![], "larger than 512 MB"),
            (one(r#""shape":[1]"#), vec![0, 0, 0xc0, 0x7f], "NaN"),
            (one(r#""shape":[2],"data":[1.0]"#), vec![], "fewer values"),
            (one(r#""shape":[1],"data":[null]"#), vec![], "NaN"),
            (r#"{"outputs":[]}"#.into(), vec![], "no output"),
            (r#"{"outputs":[{"name":"a","datatype":"FP99","shape":[1]}]}"#.into(), vec![], "FP99"),
            ("<html>".into(), vec![], "isn't that of a model"),
        ] {
            let error = read(&json, &bytes).expect_err(&json);
            assert!(error.contains(word), "{json}: {error}");
        }
    }
}

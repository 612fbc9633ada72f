//! What servers tell of themselves and their models.

use serde::{Deserialize, Deserializer, Serialize};

/// The type of a tensor's elements, by the protocol's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DataType {
    Bool,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Int8,
    Int16,
    Int32,
    Int64,
    Fp16,
    Bf16,
    Fp32,
    Fp64,
    /// Strings.
    Bytes,
}

impl DataType {
    const ALL: [Self; 14] = [
        Self::Bool,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Fp16,
        Self::Bf16,
        Self::Fp32,
        Self::Fp64,
        Self::Bytes,
    ];

    /// The protocol's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Uint8 => "UINT8",
            Self::Uint16 => "UINT16",
            Self::Uint32 => "UINT32",
            Self::Uint64 => "UINT64",
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Fp16 => "FP16",
            Self::Bf16 => "BF16",
            Self::Fp32 => "FP32",
            Self::Fp64 => "FP64",
            Self::Bytes => "BYTES",
        }
    }

    /// The type of that name; a server may write it in lower case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// ONNX's name of it: "float", "uint8", …
    #[must_use]
    pub fn onnx_name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Fp16 => "float16",
            Self::Bf16 => "bfloat16",
            Self::Fp32 => "float",
            Self::Fp64 => "double",
            Self::Bytes => "string",
        }
    }

    /// Bytes of an element; `None` for strings.
    #[must_use]
    pub fn size(self) -> Option<usize> {
        match self {
            Self::Bool | Self::Uint8 | Self::Int8 => Some(1),
            Self::Uint16 | Self::Int16 | Self::Fp16 | Self::Bf16 => Some(2),
            Self::Uint32 | Self::Int32 | Self::Fp32 => Some(4),
            Self::Uint64 | Self::Int64 | Self::Fp64 => Some(8),
            Self::Bytes => None,
        }
    }
}

/// A server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ServerInfo {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub extensions: Vec<String>,
}

/// An input or an output of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    pub name: String,
    pub data_type: DataType,
    /// Sizes of the axes; −1 for one that is open.
    pub shape: Vec<i64>,
}

/// What a server tells of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelMetadata {
    /// The versions that it has, if it tells.
    pub versions: Vec<String>,
    /// What runs it, in the server's words: `onnxruntime_onnx`.
    pub platform: String,
    pub inputs: Vec<TensorInfo>,
    pub outputs: Vec<TensorInfo>,
    /// Properties by name.
    pub properties: Vec<(String, String)>,
}

/// A model in a server's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedModel {
    pub name: String,
    /// `None`: the server doesn't tell.
    pub version: Option<String>,
    pub ready: bool,
    /// Why it isn't ready.
    pub reason: Option<String>,
}

/// The metadata of a model as JSON.
#[derive(Deserialize)]
pub(super) struct MetadataJson {
    #[serde(default, deserialize_with = "or_default")]
    versions: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    platform: String,
    #[serde(default, deserialize_with = "or_default")]
    inputs: Vec<TensorJson>,
    #[serde(default, deserialize_with = "or_default")]
    outputs: Vec<TensorJson>,
    #[serde(default, deserialize_with = "or_default")]
    properties: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct TensorJson {
    name: String,
    datatype: String,
    #[serde(default, deserialize_with = "or_default")]
    shape: Vec<i64>,
}

/// `null` reads as nothing.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// More axes than any tensor has.
const MOST_AXES: usize = 16;
/// More inputs or outputs than any network has.
const MOST_TENSORS: usize = 1024;

/// A tensor of this type by ONNX's name; `None` for a type that the protocol doesn't have.
#[must_use]
pub fn tensor_of(name: &str, onnx: &str, shape: Vec<i64>) -> Option<TensorInfo> {
    let data_type = DataType::ALL.into_iter().find(|kind| kind.onnx_name() == onnx)?;
    Some(TensorInfo { name: name.to_owned(), data_type, shape })
}

/// A tensor as a server names it.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn tensor(name: String, data_type: &str, shape: Vec<i64>) -> Result<TensorInfo, String> {
    let data_type = DataType::from_name(data_type.strip_prefix("TYPE_").unwrap_or(data_type))
        .ok_or_else(|| format!("its tensor \u{201c}{name}\u{201d} holds {data_type}"))?;
    if shape.len() > MOST_AXES || shape.iter().any(|n| *n < -1) {
        return Err(format!("its tensor \u{201c}{name}\u{201d} has an impossible shape"));
    }
    Ok(TensorInfo { name, data_type, shape })
}

impl ModelMetadata {
    /// Checks what no model has.
    pub(super) fn checked(self) -> Result<Self, String> {
        if self.inputs.len() > MOST_TENSORS || self.outputs.len() > MOST_TENSORS {
            return Err("its metadata name thousands of tensors".into());
        }
        Ok(self)
    }
}

impl TryFrom<MetadataJson> for ModelMetadata {
    type Error = String;

    fn try_from(json: MetadataJson) -> Result<Self, String> {
        let tensors = |list: Vec<TensorJson>| {
            list.into_iter().map(|t| tensor(t.name, &t.datatype, t.shape)).collect::<Result<Vec<_>, _>>()
        };
        Self {
            versions: json.versions,
            platform: json.platform,
            inputs: tensors(json.inputs)?,
            outputs: tensors(json.outputs)?,
            properties: json.properties.into_iter().collect(),
        }
        .checked()
    }
}

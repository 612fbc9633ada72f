//! Models on an inference server: the client's side of the [Open Inference Protocol](https://github.com/kserve/open-inference-protocol),
//! version 2, over HTTP and gRPC, as Triton, `KServe`, `OpenVINO` Model Server and `MLServer` speak it.
//!
//! Nothing here knows what a network is for: names, types, shapes and values go in and out ([`Client`]). What a model on a
//! server is, and its place among models of files, is [`crate::model`]'s.

mod access;
mod address;
mod client;
mod error;
mod grpc;
mod http;
mod list;
mod listing;
mod metadata;
mod outputs;
mod request;
mod stop;

pub use access::{Access, Token};
pub use address::{ADDRESSES, AddressError, ModelAddress, Scheme, ServerAddress, is_address, is_loopback};
pub use client::{Client, Limits, Traffic};
pub use error::ServerError;
pub use list::{SavedServer, ServerList, ServerListError};
pub use metadata::{DataType, ListedModel, ModelMetadata, ServerInfo, TensorInfo, tensor_of};
pub use outputs::{OutputTensor, Outputs, Values};
pub use request::{Buffer, Input};
pub use stop::Stop;

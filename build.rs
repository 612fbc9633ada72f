//! Generates code from proto files: the client of the Open Inference Protocol's gRPC service, and the messages of ONNX files.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (folder, proto) in [
        ("src/server/grpc", "src/server/grpc/inference.proto"),
        ("src/model/file", "src/model/file/onnx.proto"),
    ] {
        println!("cargo::rerun-if-changed={proto}");
        let files = protox::compile([proto], [folder])?;
        tonic_prost_build::configure().build_server(false).bytes(".").compile_fds(files)?;
    }
    Ok(())
}

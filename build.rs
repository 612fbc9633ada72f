//! Generates the client of the Open Inference Protocol's gRPC service from its proto file.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (folder, proto) = ("src/server/grpc", "src/server/grpc/inference.proto");
    println!("cargo::rerun-if-changed={proto}");
    let files = protox::compile([proto], [folder])?;
    tonic_prost_build::configure().build_server(false).bytes(".").compile_fds(files)?;
    Ok(())
}

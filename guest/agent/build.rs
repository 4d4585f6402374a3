//! Makes Rust of agent.proto without `protoc`: protox parses it, prost-build writes the code.

use std::{error::Error, path::Path};

const PROTO_FOLDER: &str = "../../wire/agent-api/src/main/proto";

fn main() -> Result<(), Box<dyn Error>> {
    let proto = Path::new(PROTO_FOLDER).join("agent.proto");
    println!("cargo::rerun-if-changed={}", proto.display());
    let files = protox::compile([&proto], [PROTO_FOLDER])?;
    prost_build::Config::new().compile_fds(files)?;
    Ok(())
}

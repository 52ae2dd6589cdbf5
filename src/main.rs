// SPDX-License-Identifier: Apache-2.0
//! The `palisade` command: arguments in, exit status out.

use std::process::ExitCode;

fn main() -> ExitCode {
    palisade::cli::run()
}

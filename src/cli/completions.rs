//! `sightline completions`: a script that completes commands and options in a shell.

use clap::CommandFactory as _;

use super::failure::Exit;

/// What `sightline completions` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline completions bash > ~/.local/share/bash-completion/completions/sightline\n  \
    sightline completions zsh > ~/.zfunc/_sightline\n  \
    sightline completions fish > ~/.config/fish/completions/sightline.fish")]
pub struct CompletionsArgs {
    /// The shell to write the script for
    shell: clap_complete::Shell,
}

/// Writes the script to standard output.
///
/// # Errors
/// Why standard output can't be written.
pub fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "sightline", &mut script);
    super::output::script(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}

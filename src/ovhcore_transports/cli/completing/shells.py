"""The scripts that bash, zsh and fish take, and the answers that they get."""

from __future__ import annotations

import os
from typing import Final

import click
from click.shell_completion import CompletionItem, FishComplete, ShellComplete, ZshComplete, split_arg_string

__all__ = ["NO_SPACE", "SHELLS", "VARIABLE", "answer", "script"]

VARIABLE: Final = "_OVHCORE_COMPLETE"
"""The variable by which a shell asks for completions; its value names the shell."""

NO_SPACE: Final = "nospace"
"""The type of a completion that something has to follow without a space, as ``name=``."""

# Bash takes "=", ":" and "@" for the ends of words: COMP_WORDS has parts of what was typed, and an answer replaces the
# last one alone. So the line itself is read, and what stands before the last sign is left out of answers.
_BASH: Final = """\
%(complete_func)s() {
    local kind value
    COMPREPLY=()
    while IFS=$'\\t' read -r kind value; do
        case $kind in
            plain) COMPREPLY+=("$value") ;;
            nospace) COMPREPLY+=("$value"); compopt -o nospace ;;
        esac
    done < <(%(complete_var)s=bash_complete COMP_WORDS="${COMP_LINE:0:COMP_POINT}" \\
        COMP_BREAKS="$COMP_WORDBREAKS" "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH: Final = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local -a answers plain plain_shown open open_shown
    local kind value shown
    (( $+commands[%(prog_name)s] )) || return 1
    answers=("${(@f)$(%(complete_var)s=zsh_complete COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \\
        %(prog_name)s 2>/dev/null)}")
    for kind value shown in "${answers[@]}"; do
        case $kind in
            plain) plain+=("$value"); plain_shown+=("$shown") ;;
            nospace) open+=("$value"); open_shown+=("$shown") ;;
        esac
    done
    (( $#plain )) && compadd -l -V words -d plain_shown -a plain
    (( $#open )) && compadd -l -V more -S '' -d open_shown -a open
    return 0
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class _Bash(ShellComplete):
    name = "bash"
    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)
        begun = "" if line[-1:].isspace() or len(words) < 2 else words.pop()
        breaks = os.environ.get("COMP_BREAKS", "")
        self._kept = max((begun.rfind(sign) + 1 for sign in "=:@" if sign in breaks), default=0)
        return words[1:], begun

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{item.type}\t{item.value[self._kept :]}"


class _Zsh(ZshComplete):
    source_template = _ZSH

    def format_completion(self, item: CompletionItem[str]) -> str:
        shown = f"{item.value}  -- {_line(item.help)}" if item.help else item.value
        return f"{item.type}\n{item.value}\n{shown}"


class _Fish(FishComplete):
    def format_completion(self, item: CompletionItem[str]) -> str:
        # Fish puts no space behind "/" and "=" by itself.
        kind = "plain" if item.type == NO_SPACE else item.type
        return f"{kind},{item.value}\t{_line(item.help)}" if item.help else f"{kind},{item.value}"


SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def script(shell: str, commands: click.Command, program: str) -> str:
    """Return what a shell has to read to complete what is typed."""
    return SHELLS[shell](commands, {}, program, VARIABLE).source()


def answer(asked: str, commands: click.Command, said: object) -> str:
    """Return what a shell is told; nothing if there is nothing to tell.

    Args:
        asked: the value of the variable, as ``"bash_complete"``.
        commands: all of them.
        said: is told what options say.
    """
    shell = asked.partition("_")[0]
    if shell not in SHELLS:
        return ""
    return SHELLS[shell](commands, {"obj": said}, "ovhcore", VARIABLE).complete()


def _line(text: str | None) -> str:
    return " ".join((text or "").split())

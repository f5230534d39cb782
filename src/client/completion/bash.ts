import { quoted } from './quote.js';
import { following, OF_FILES, valuedFlags, withDescendants, type OfferedCommand } from './tree.js';

/** A script for bash 4 or later; sourced, it completes `safeguard`. */
export function bashCompletion(program: OfferedCommand): string {
  const all = withDescendants(program);
  const valued = valuedFlags(program).join('|');
  const commands = all.slice(1).map(({ path }) => quoted(path.join(' ')));
  const cases = all.map((command) => {
    const words = following(command, program).map(([word]) => word);
    return `    ${quoted(command.path.join(' '))}) offered=${quoted(words.join(' '))} ;;`;
  });
  return `# Completion of safeguard for bash. To load it: source <(safeguard completion bash)
_safeguard() {
  local word command='' offered='' index skip=0
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  case "$previous" in
    ${OF_FILES.join('|')}) compopt -o default 2>/dev/null; return ;;
    ${valued}) return ;;
  esac
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if ((skip)); then skip=0; continue; fi
    case "$word" in
      ${valued}) skip=1; continue ;;
    esac
    case "\${command:+$command }$word" in
      ${commands.join('|')}) command="\${command:+$command }$word" ;;
    esac
  done
  case "$command" in
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$current")
}
complete -F _safeguard safeguard`;
}

import { quoted } from './quote.js';
import { following, OF_FILES, valuedFlags, withDescendants, type OfferedCommand } from './tree.js';

/** A script for zsh; sourced, it completes `safeguard`. */
export function zshCompletion(program: OfferedCommand): string {
  const all = withDescendants(program);
  const valued = valuedFlags(program).join('|');
  const commands = all.slice(1).map(({ path }) => quoted(path.join(' ')));
  const cases = all.map((command) => {
    const words = following(command, program).map(([word, description]) => quoted(`${word}:${description}`));
    return `    ${quoted(command.path.join(' '))}) offered=(${words.join(' ')}) ;;`;
  });
  return `#compdef safeguard
# Completion of safeguard for zsh. To load it: source <(safeguard completion zsh)
(( \${+functions[compdef]} )) || { autoload -Uz compinit && compinit }
_safeguard() {
  local word command='' index skip=0
  local -a offered
  case "\${words[CURRENT-1]}" in
    ${OF_FILES.join('|')}) _files; return ;;
    ${valued}) return ;;
  esac
  for ((index = 2; index < CURRENT; index++)); do
    word=\${words[index]}
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
  _describe 'safeguard' offered
}
compdef _safeguard safeguard`;
}

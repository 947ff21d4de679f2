import type { Command, Option } from 'commander';
import type { BmcList } from '../control/answers.ts';
import { NOUNS } from './steering/commands.ts';
import { daemonOf, queryOf } from './steering/daemon.ts';
import { EARLY, type DaemonFlags } from './steering/flags.ts';

/** What may stand in place of the last word; `what` is for shells that show it. */
export interface Candidate {
  readonly word: string;
  readonly what?: string;
}

/** A script that asks this program; of nothing, shells complete names of files. */
export type Shell = 'bash' | 'zsh' | 'fish';

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_ipmi_bmc() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" complete bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _ipmi_bmc ipmi-bmc
`,
  zsh: `#compdef ipmi-bmc
_ipmi_bmc() {
  local -a found
  found=("\${(@f)$(\${words[1]} complete zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then
    _describe 'ipmi-bmc' found
  else
    _files
  fi
}
compdef _ipmi_bmc ipmi-bmc
`,
  fish: `complete -c ipmi-bmc -a '(ipmi-bmc complete fish -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
};

export const scriptOf = (shell: Shell): string => SCRIPTS[shell];

/** Names of BMCs that are shown, and how long they are waited for, in milliseconds. */
const MOST = 500;
const PATIENCE = 500;

/** What could stand in place of the last word. What needs a daemon is left out where none answers in time. */
export async function candidates(program: Command, words: readonly string[]): Promise<Candidate[]> {
  const typed = words.at(-1) ?? '';
  const { command, before, flags, asked } = read(program, words.slice(0, -1));
  const all =
    asked !== undefined
      ? (asked.argChoices ?? []).map((word) => ({ word }))
      : typed.startsWith('-')
        ? optionsOf(command)
        : command.commands.length > 0
          ? command
              .createHelp()
              .visibleCommands(command)
              .map((subcommand) => ({ word: subcommand.name(), what: subcommand.description() }))
          : await wordsAfter(command, before, flags);
  return all.filter(({ word }) => word.startsWith(typed));
}

/** What is typed already: whose command, its words, and the option whose value comes next. */
function read(program: Command, typed: readonly string[]) {
  let command = program;
  let before: string[] = [];
  let asked: Option | undefined;
  const flags: Record<string, string> = {};
  for (let i = 0; i < typed.length; i++) {
    const word = typed[i];
    const option = command.options.find(({ long, short }) => long === word || short === word);
    const takes = option === undefined ? (EARLY[word] ?? 0) > 0 : option.required;
    if (word.startsWith('-')) {
      if (takes && i === typed.length - 1) asked = option;
      else if (takes) flags[word.replace(/^--/, '')] = typed[++i];
      continue;
    }
    const sub =
      before.length === 0 ? command.commands.find((subcommand) => subcommand.name() === word) : undefined;
    if (sub) [command, before] = [sub, []];
    else before.push(word);
  }
  return { command, before, asked, flags: daemonFlags(flags) };
}

const daemonFlags = (flags: Readonly<Record<string, string>>): DaemonFlags => ({
  socket: flags.socket,
  url: flags.url,
  tokenFile: flags['token-file'],
  ca: flags.ca,
});

const optionsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, short, description }) => {
      const word = long ?? short;
      return word === undefined ? [] : [{ word, what: description }];
    });

/** A BMC, a verb, or both; of what works on files, nothing. */
async function wordsAfter(
  command: Command,
  before: readonly string[],
  flags: DaemonFlags,
): Promise<Candidate[]> {
  const noun = NOUNS.find(({ name }) => name === command.name());
  if (!noun || noun.takes === 'file' || noun.takes === 'nothing') return [];
  if (noun.takes === 'bmcs') return (await bmcs(flags)).filter(({ word }) => !before.includes(word));
  const verbs = (noun.verbs ?? []).map(([usage, meaning]) => ({ word: usage.split(' ')[0], what: meaning }));
  if (before.length === 0) return [...(await bmcs(flags)), ...verbs];
  return before.length > 1 || verbs.some(({ word }) => word === before[0]) ? [] : verbs;
}

async function bmcs(flags: DaemonFlags): Promise<Candidate[]> {
  try {
    const path = `/v1/bmcs${queryOf({ limit: MOST })}`;
    const list = await daemonOf(flags).request<BmcList>(path, { signal: AbortSignal.timeout(PATIENCE) });
    return list.bmcs.map(({ name, power }) => ({ word: name, what: `power ${power}` }));
  } catch {
    // Nobody there, or nobody who lets us: a shell has nothing to say about it.
    return [];
  }
}

/** Candidates as a shell wants them. */
export function written(shell: Shell, all: readonly Candidate[]): string {
  return all
    .map(({ word, what: meaning = '' }) => `${lineOf[shell](word, meaning.split('\n', 1)[0])}\n`)
    .join('');
}

const lineOf: Readonly<Record<Shell, (word: string, meaning: string) => string>> = {
  bash: (word) => word.replace(/[^\w./:@%+=,-]/g, '\\$&'),
  zsh: (word, meaning) => `${word.replaceAll(':', '\\:')}${meaning === '' ? '' : `:${meaning}`}`,
  fish: (word, meaning) => (meaning === '' ? word : `${word}\t${meaning}`),
};

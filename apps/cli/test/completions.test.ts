/**
 * The completion scripts in the shells they are for: sourced as one that starts does, then asked what they offer. zsh and fish where they are
 * installed: to fetch them would cost more than all these tests.
 */
import { tempDir } from "@mcpgw/testkit/Process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { completion } from "../src/completions.ts"
import { commandNames } from "../src/mcpgw.ts"
import { mcpgw } from "./support/run.ts"

const room = tempDir("cli-completions")
afterAll(() => room.remove())

type Offered = ReadonlyArray<ReadonlyArray<string>>

const printed = (command: ReadonlyArray<string>): string => {
  const { exitCode, stderr, stdout } = Bun.spawnSync([...command], {
    env: { ...process.env, HOME: room.path },
    timeout: 20_000
  })
  assert.deepStrictEqual([exitCode, stderr.toString()], [0, ""])
  return stdout.toString()
}

/** What stood between two marks, for each line that was asked about. */
const between = (text: string): Offered =>
  text
    .split("=====")
    .slice(1, -1)
    .map((part) => part.split(/\r?\n/).filter((line) => line !== ""))

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const bash = (script: string, lines: ReadonlyArray<string>): Offered => {
  const asked = lines.map((line) => {
    const words = line.split(" ")
    return `COMP_WORDS=(${words.map(quoted).join(" ")}); COMP_CWORD=${words.length - 1}; COMPREPLY=()
      "$fn" mcpgw ${quoted(words.at(-1) ?? "")} ${quoted(words.at(-2) ?? "")}; printf '%s\\n' "\${COMPREPLY[@]}" =====`
  })
  const ask = `source ${script} || exit 9
    [[ $(complete -p mcpgw) =~ -F[[:space:]]([^[:space:]]+) ]] || exit 7
    fn="\${BASH_REMATCH[1]}"; echo =====\n${asked.join("\n")}`
  return between(printed(["bash", "--norc", "-c", ask]))
}

const fish = (script: string, lines: ReadonlyArray<string>): Offered => {
  const asked = lines.map((line) => `complete -C ${quoted(line)}; echo =====`)
  const ask = `source ${script}; or exit 9; echo =====\n${asked.join("\n")}`
  return between(printed(["fish", "--no-config", "-c", ask])).map((found) =>
    found.map((one) => one.split("\t")[0] ?? "")
  )
}

/** zsh completes for somebody at a terminal alone: it gets one, asks itself at its first prompt, and prints each match that is added. */
const zsh = (script: string, lines: ReadonlyArray<string>): Offered => {
  const file = join(room.path, "ask.zsh")
  const asked = lines.map((line) => `BUFFER=${quoted(line)}; CURSOR=$#BUFFER; zle ask; print '====='`)
  const inside = `PROMPT=; autoload -U compinit; compinit -D -u; source ${script}
    compadd() {
      local -a found
      [[ \${@[(I)-[OAD]]} -gt 0 ]] || { builtin compadd -A found "$@"; builtin print -l -- ">"$^found }
      builtin compadd "$@"
    }
    _ask() { _main_complete; compstate[insert]=; compstate[list]= }
    zle -C ask complete-word _ask
    zle-line-init() {
      print '====='
      ${asked.join("\n")}
      BUFFER=exit; zle accept-line
    }
    zle -N zle-line-init`
  writeFileSync(file, inside)
  const ask = `zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z 'source ${file}'
    while zpty -r z text; do print -rn -- "$text"; done`
  return between(printed(["zsh", "-f", "-c", ask])).map((found) =>
    found.flatMap((line) => /^[^>]*>([a-z-]+)$/.exec(line)?.[1] ?? [])
  )
}

const SHELLS = { bash, fish, zsh }

for (const [name, offered] of Object.entries(SHELLS)) {
  const isThere = Bun.which(name) !== null
  describe.skipIf(!isThere)(`${name}${isThere ? "" : ` (skipped: no ${name} on this machine)`}`, () => {
    const file = join(room.path, `mcpgw.${name}`)
    beforeAll(async () => {
      const { out } = await mcpgw(["--completions", name], { env: { MCPGW_CONFIG_DIR: room.path } })
      writeFileSync(file, out)
    })

    it("knows every command, those of every group, and their options", () => {
      const holders = [...commandNames]
      const lines = holders.map(([holder]) => (holder === "mcpgw" ? "mcpgw " : `mcpgw ${holder} `))
      const options = ["mcpgw servers add --over", "mcpgw ide --head", "mcpgw keycloak add-agent --ag"]
      const found = offered(file, [...lines, "mcpgw serv", ...options])
      for (const [i, [, names]] of holders.entries()) assert.includeMembers([...(found[i] ?? [])], [...names])
      assert.deepStrictEqual(found.slice(lines.length), [["servers"], ["--overwrite"], ["--header-form"], ["--agent"]])
    })
  })
}

it("a description may hold quotes, colons and examples: a shell reads none of them", () => {
  assert.strictEqual(
    completion(`complete -c mcpgw -f -a "a" -d 'A server's \\ Example: mcpgw a 'b''`),
    `complete -c mcpgw -f -a "a" -d 'A server\\'s \\\\'`
  )
  const zsh = `#compdef mcpgw\n    '::<FILE> -- One's: two.:PATH:_files' \\\n    'a:A server'\\''s. Example: mcpgw a' \\`
  assert.strictEqual(
    completion(zsh),
    `#compdef mcpgw\n    '::<FILE> -- One'\\''s\\: two.:_files' \\\n    'a:A server'\\''s.' \\`
  )
  assert.strictEqual(completion("what a server's text says"), "what a server's text says")
})

/**
 * Runs the command it is given until that ends or a signal comes. Started with `bun run --no-orphans`, so that the command ends with the
 * test process that asked for it, however that one ends.
 */
const [, , ...command] = process.argv
const child = Bun.spawn(command, { stdin: "ignore", stdout: "inherit", stderr: "inherit" })
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => child.kill(signal))
process.exit(await child.exited)

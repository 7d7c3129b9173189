// One JSON object a line in, one answer a line out: see drivers/program.py.
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** The broker refused, and the library tells that in another way than by an error with Kafka's code. */
export class Refused extends Error {
  constructor(code, text) {
    super(text)
    this.code = code
  }
}

export const bytes = text => (text === null ? null : Buffer.from(text, 'base64'))
export const text = data => (data == null ? null : data.toString('base64'))

export function write(answer) {
  process.stdout.write(JSON.stringify(answer) + '\n')
}

async function read() {
  const { value, done } = await lines.next()
  return done ? null : JSON.parse(value)
}

/** Settles when the member shall leave: by command, or at the end of the input. */
export const leave = read

/**
 * Answers commands until the input ends. codeOf tells Kafka's code of an error of the library, or -1.
 */
export async function serve(about, verbs, codeOf) {
  const all = { about: async () => about, ...verbs }
  for (let command = await read(); command !== null; command = await read()) {
    try {
      write({ ok: (await all[command.verb](command)) ?? null })
    } catch (error) {
      write({ error: codeOf(error), text: String(error.stack ?? error) })
    }
  }
  process.exit(0) // whatever the library still holds open
}

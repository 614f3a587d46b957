import { jest } from "@jest/globals";
import { parseCommand } from "../../sandbox/runner/commands.ts";
import { LineReader, trimStart } from "../../sandbox/runner/dotnet.ts";

/** What was printed while the function ran. */
export function printed(work: () => void): string {
  let text = "";
  const write = jest.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    work();
  } finally {
    write.mockRestore();
  }
  return text;
}

/** Every command that the runner could find, in the strictest reading: any name, in either form. */
export function commandsIn(text: string): string[] {
  const reader = new LineReader();
  return [...reader.push(text), ...reader.end()].flatMap((line) => {
    const command = parseCommand(line, () => true);
    if (command !== undefined) return [command.name];
    return trimStart(line).startsWith("::") || line.includes("##[") ? [`almost: ${line}`] : [];
  });
}

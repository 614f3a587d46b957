import { fromOutside, ownLine } from "../../src/text/redact.ts";
import { type Attack, leaksOf, textOf } from "./model.ts";

/** Processor time that one text may take, in milliseconds. */
const MOST_MILLISECONDS = 100;

/** What is wrong with how the attack was met, if anything is. */
export function judge(attack: Attack): string[] {
  const text = textOf(attack);
  const secrets = new Set(attack.secrets);
  const start = process.cpuUsage();
  const whole = fromOutside(text, secrets, 100_000);
  const shown = fromOutside(text, secrets);
  const { user, system } = process.cpuUsage(start);
  const milliseconds = (user + system) / 2_000;
  return [
    ...leaksOf(attack, whole).map((leak) => `leak: ${leak}`),
    ...leaksOf(attack, shown).map((leak) => `leak in what is shown: ${leak}`),
    ...leaksOf({ ...attack, parts: [] }, ownLine(text, secrets)).map((leak) => `leak in an own line: ${leak}`),
    ...(shown.length > 200 ? ["too long"] : []),
    ...(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|##\[|^\s*::/u.test(whole) ? ["not fit to print"] : []),
    ...(milliseconds > MOST_MILLISECONDS ? [`${Math.round(milliseconds)} ms`] : []),
  ];
}

/** The same, where a time that was over the limit by chance does not count. */
export function judgeFairly(attack: Attack): string[] {
  let wrong = judge(attack);
  for (let again = 0; again < 3 && wrong.length === 1 && / ms$/.test(wrong[0] ?? ""); again++) wrong = judge(attack);
  return wrong;
}

/** The middle of values, and between what half of them lie. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** @param values at least one, in any order */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/** What was measured in turn, each against what was measured beside it: a slow moment of the machine meets both. */
export function ratios(values: readonly number[], against: readonly number[]): Spread {
  return spread(values.map((value, round) => value / (against[round] ?? Number.NaN)));
}

/** As `1.24 (1.20–1.31)`. */
export function shown({ median, low, high }: Spread, digits = 2): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

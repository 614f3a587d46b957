import { randomBytes } from "node:crypto";
import type { StartOptions } from "./service.ts";

/** What a stand-in has minted, with the time when each ends. */
export interface Tokens {
  /** A new token of so many seconds; for ever where none are given. */
  mint(seconds?: number, token?: string): string;
  isLive(token: string | undefined): boolean;
  /** Ends a token; false where it had ended or never was. */
  end(token: string): boolean;
  /** Those that still work. */
  live(): string[];
}

/** An empty book of tokens, by the clock of the stand-in. */
export function tokenBook({ now = Date.now }: StartOptions): Tokens {
  const ends = new Map<string, number>();
  const isLive = (token = "") => (ends.get(token) ?? 0) > now();
  return {
    mint(seconds = Number.POSITIVE_INFINITY, token = randomToken()) {
      ends.set(token, now() + seconds * 1000);
      return token;
    },
    isLive,
    end: (token) => isLive(token) && ends.delete(token),
    live: () => [...ends.keys()].filter(isLive),
  };
}

/** A token as most services make them: 43 characters of base64url. */
export function randomToken(): string {
  return randomBytes(32).toString("base64url");
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { TlsOptions } from "node:tls";
import type { PublicJwk } from "./jws.ts";

/** One request as the stand-in saw it. */
export interface RecordedRequest {
  readonly method: string;
  /** Path with query, exactly as it came. */
  readonly path: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Number of the TCP (or TLS) connection that carried it, from 1. */
  readonly connection: number;
  /** When it had come in whole: milliseconds since the epoch. */
  readonly at: number;
  /** Status that was answered; absent while none was, or where a fault answered in its place. */
  status?: number;
}

/** What an account of a stand-in may give as inputs of the action, and what the service then says of itself. */
export interface Account {
  /** The inputs that authenticate, by input name (`username`, `client-secret`, …). */
  readonly inputs: Readonly<Record<string, string>>;
}

/**
 * A fault to play in the place of an answer. It gets the request when it has come in whole; it answers, stalls or
 * breaks the socket itself and returns true, or returns false to let the service answer.
 */
export type Fault = (request: RecordedRequest, req: IncomingMessage, res: ServerResponse) => boolean;

/** Who signs ID tokens that a service believes. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly keys: () => readonly PublicJwk[];
}

export interface StartOptions {
  /** Whose ID tokens the service takes, where it takes any. */
  readonly trusts?: TrustedIssuer;
  /** Serve TLS with this certificate (PEM), and with what else Node's TLS takes. */
  readonly tls?: { readonly key: string; readonly cert: string } & Readonly<Omit<TlsOptions, "key" | "cert">>;
  /** Sub-path the service is installed under, such as `/rp`; no trailing slash. */
  readonly basePath?: string;
  /** Milliseconds since the epoch; real time unless told. */
  readonly now?: () => number;
}

/** A stand-in that listens on 127.0.0.1, as strict as the service that it stands for. */
export interface Service {
  /** Base URL, with the sub-path, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Every request so far, in the order of arrival. */
  readonly requests: RecordedRequest[];
  /** How the action's inputs look for each method: a right account per method id. */
  readonly accounts: Readonly<Record<string, Account>>;
  /** Every credential that was minted here (or set up beforehand as a leftover) and still works, as readable text. */
  live(): string[];
  /** Plays a fault from now on; undefined ends it. */
  fault(fault: Fault | undefined): void;
  close(): Promise<void>;
}

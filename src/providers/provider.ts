import type { Failure } from "../failure.ts";
import type { Http } from "../http/http.ts";

/** The inputs that can hold a credential, as the user brings them. */
export const FIELDS = ["token", "username", "password", "client-id", "client-secret", "private-key"] as const;
export type Field = (typeof FIELDS)[number];
export type Credentials = Readonly<Partial<Record<Field, string>>>;

/** The inputs that only some methods have a use for. */
export const OPTIONS = [
  "scope",
  "audience",
  "token-url",
  "client-auth",
  "parameters",
  "body",
  "id-token-audience",
  "probe-url",
  "revocation-url",
] as const;
export type Option = (typeof OPTIONS)[number];

/** All that a method may be given, as the user wrote it; what is empty is absent. */
export type Given = Credentials & Readonly<Partial<Record<Option, string>>>;

/** What the service gives, or what a ready-made secret becomes. */
export interface Credential {
  readonly token: string;
  readonly expiresAt?: Date | undefined;
  readonly account?: string | undefined;
  /** What the token is useless without, or the probe goes by: opaque to the flow, sealed, given back. */
  readonly parts?: Readonly<Record<string, string>> | undefined;
  /** The same, but secret: masked again where a seal is opened. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
}

/** What a step may do on the way, beside its requests. Each takes effect before it returns. */
export interface Step {
  /** Masks a secret; to be called for each one before anything else is done with it. */
  secret(value: string): void;
  /**
   * Remembers that a key of this name may exist from now on, which nobody holds yet; to be called before it is asked for.
   * Until its fate is settled, whatever ends the step warns of it.
   */
  mayExist(name: string, expiresAt?: Date): void;
  /** What may have existed does not, or is known by its handle. */
  settled(): void;
  /** Remembers a thing to take back at the end of the job; to be called the moment it exists. It settles its fate. */
  revocable(handle: Handle): void;
  /** Logs a plain line. */
  note(text: string): void;
  /** Warns, under a title of a few words. */
  warn(text: string, title: string): void;
  /**
   * A new ID token of GitHub for this job, masked. Without an audience it has GitHub's default.
   * @throws {Failure} `missing-secret` where the job lacks the permission, `forbidden`, `bad-response`, or a fault of the way
   */
  idToken(audience?: string): Promise<string>;
  /** The run of the workflow, to name what is created for it. */
  readonly run: Run;
}

/** What identifies the workflow run, as the runner tells it. */
export interface Run {
  readonly server: string;
  readonly repository: string;
  readonly workflow: string;
  readonly job: string;
  readonly id: string;
  readonly attempt: string;
  readonly selfHosted: boolean;
}

/** What it takes to revoke a credential, and nothing else. Each provider adds what it has to; `secret` alone is secret. */
export type Handle = { readonly secret: string } & Readonly<Record<string, string>>;

/** Where a credential that is to be proven came from. */
export interface About<Fields> {
  readonly minted: "here" | "elsewhere" | "by the user";
  /** What the exchange was given; undefined where a seal was opened. */
  readonly given: Fields | undefined;
  readonly step: Pick<Step, "secret" | "idToken" | "note">;
}

/** What a probe says. */
export type Verdict =
  | { readonly kind: "accepted"; readonly account?: string | undefined; readonly expiresAt?: Date | undefined }
  | Unproven
  | Skipped;

/** What a probe says where it proves nothing. */
export type Unproven = Inconclusive | Refused;

/** There is nothing to ask, for a cause that completes "skipped (…)". */
export interface Skipped {
  readonly kind: "skipped";
  readonly why: string;
}

export interface Inconclusive {
  readonly kind: "inconclusive";
  readonly lacks: "permission" | "answer";
  readonly failure: Failure;
}

export interface Refused {
  readonly kind: "refused";
  /** Its hint says what may be wrong with a secret that the user brought. */
  readonly failure: Failure;
  /** The answer tells of the way to the service, so that hint holds wherever the credential came from. */
  readonly isOfTheWay?: boolean | undefined;
}

/** How a revocation went. */
export type Revocation =
  | { readonly kind: "revoked" }
  | { readonly kind: "gone" }
  /** The service cannot take back what it gave, for a cause that is a sentence: nobody's fault. */
  | { readonly kind: "impossible"; readonly why: string }
  | { readonly kind: "failed"; readonly answered: string };

/** What a revocation may use beside its handle and its requests. */
export interface Revoking extends Pick<Step, "secret" | "idToken"> {
  /** The fields that `revokesWith` names, read again. */
  readonly given: Credentials;
}

/** What becomes of the credential when the job ends. */
export type Ending =
  /** The step made it and the service can take it back. */
  | "revocable"
  /** The step made it and it lives until it expires: the service has no revocation. */
  | "expires"
  /** The user brought it; it is never touched. */
  | "ready-made";

/** A service: its name, its place, its ways to authenticate. */
export interface Provider {
  readonly id: string;
  /** As the vendor writes it. */
  readonly name: string;
  readonly defaultUrl?: string;
  /** Other names of the provider in the input `provider`, each with its own default URL where that differs. */
  readonly aliases?: Readonly<Record<string, { readonly defaultUrl?: string }>>;
  /** Another product whose address people give for this one's: the hosts where nothing else lives, and those named after it. */
  readonly confusedWith?: { readonly name: string; readonly hosts: RegExp; readonly named: RegExp };
  /** What people paste after the base URL: a pattern that matches at the end of the path, or such ends. */
  readonly pastedTail: RegExp | readonly string[];
  /** The end of a path that comes with a fragment, as in the address of a single-page application. */
  readonly pastedFragment?: RegExp;
  /** The absolute URL to talk to where no `url` is given; undefined where one has to be. */
  readonly placeWithoutUrl?: (given: Given) => string | undefined;
  readonly methods: readonly Method[];
  /** The fields of the inputs that the revocation of such a handle needs again. */
  readonly revokesWith?: (handle: Handle) => readonly Field[];
  /** Whether a handle, which may come out of a seal, is one of this provider's. */
  ownsHandle?(handle: Handle): boolean;
  /** Why nothing is revoked, behind its name; that it offers no revocation, unless told. */
  readonly unrevoked?: string;
  /** Where in the service a leftover is removed by hand. */
  readonly byHand: string;
  /**
   * Takes back what the handle names.
   * @throws {Failure} where the handle is not one of this provider, or the service cannot be reached
   */
  revoke?(handle: Handle, http: Http, revoking: Revoking): Promise<Revocation>;
  /** Removes what earlier runs of this job left because they were killed; returns how many. */
  sweep?(handle: Handle, http: Http, run: Run): Promise<number>;
}

/** One way to authenticate at a service. */
export interface Method extends MethodFacts {
  /** The sets of fields that will do, the smallest first. */
  fieldSets(): readonly FieldSet[];
  /**
   * Parses what the user gave; nothing is sent.
   * @param url the base URL; empty where the user gave only an endpoint
   * @throws {Failure} `invalid-input`, which names the input
   */
  prepare(given: Given, url?: string): Prepared;
  /** Proves a credential that came out of a seal. */
  probe(credential: Credential, http: Http, about: About<never>): Promise<Verdict>;
}

/** A method with all that it was given. */
export interface Prepared {
  /**
   * Turns the user's credentials into a credential.
   * @throws {Failure} by the contract's judging order
   */
  exchange(http: Http, step: Step): Promise<Credential>;
  /**
   * One harmless authenticated request that proves the credential.
   * @throws {Failure} where what answers is not the service
   */
  probe(credential: Credential, http: Http, step: About<never>["step"]): Promise<Verdict>;
}

/** Fields that belong together: what has to be there, and what may be. */
export interface FieldSet {
  readonly needs: readonly Field[];
  readonly takes: readonly (Field | Option)[];
}

/** Variables that methods export beside their tokens, whatever those are called: no token is exported so. */
export const ALSO_EXPORTED: readonly string[] = ["TULEAP_USER_ID"];

/** What is known of a method before anything is given to it. */
export interface MethodFacts {
  readonly id: string;
  /** Only ever chosen by name, never inferred. */
  readonly byNameOnly?: boolean;
  /** Tells this method's ready-made secret from another method's, where both need the same fields. */
  readonly recognises?: (credentials: Credentials) => boolean;
  /** Default name of the environment variable that it exports. */
  readonly envName: string;
  readonly ending: Ending;
  /** `revoke: true` asks for what this method never does. */
  readonly neverRevokes?: true;
  /** Variables that are exported beside the token, whatever its own is called. */
  readonly alsoExports?: (credential: Credential) => Readonly<Record<string, string>>;
  /** Their names, where a file of the user chose them. */
  readonly alsoNames?: readonly string[];
  /** Whether a credential, which may come out of a seal, has all that it is useless without. */
  readonly isWhole?: (credential: Credential) => boolean;
  /** Every request header that the credential needs; none where it goes elsewhere. */
  headers(credential: Credential): Readonly<Record<string, string>>;
}

import type { Failure } from "../failure.ts";
import type { Http } from "../http/http.ts";

/** The inputs that can hold a credential, as the user brings them. */
export const FIELDS = ["token", "username", "password", "client-id", "client-secret"] as const;
export type Field = (typeof FIELDS)[number];
export type Credentials = Readonly<Partial<Record<Field, string>>>;

/** What the service gives, or what a ready-made secret becomes. */
export interface Credential {
  readonly token: string;
  readonly expiresAt?: Date | undefined;
  readonly account?: string | undefined;
  /** Tuleap's numeric user id, which its token is useless without. */
  readonly userId?: string | undefined;
  /** Minted in this very step: a host that does not know it may be the wrong one to ask. */
  readonly isFresh?: true;
  /** Where the probe asks first, when the exchange has told the service's generation. */
  readonly probeAt?: string | undefined;
}

/** What a step may do on the way, beside its requests. Each takes effect before it returns. */
export interface Hands {
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

/** What a probe says. */
export type Verdict =
  | { readonly kind: "accepted"; readonly account?: string | undefined; readonly expiresAt?: Date | undefined }
  | Unproven;

/** What a probe says where it proves nothing. */
export type Unproven = Inconclusive | Refused;

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
  readonly isOfTheWay?: true;
}

/** How a revocation went. */
export type Revocation =
  | { readonly kind: "revoked" }
  | { readonly kind: "gone" }
  | { readonly kind: "failed"; readonly answered: string };

/** What becomes of the credential when the job ends. */
export type Ending =
  /** The step made it and the service can take it back. */
  | "revocable"
  /** The step made it and it lives until it expires: the service has no revocation. */
  | "expires"
  /** The user brought it; it is never touched. */
  | "ready-made";

/** One way to authenticate at a service, with the fields that it needs and may take. */
interface MethodOf<Needed extends Field, Optional extends Field> {
  readonly id: string;
  readonly needs: readonly Needed[];
  /** Fields that it takes beside, all together or none. */
  readonly optional?: readonly Optional[];
  /** Only ever chosen by name, never inferred. */
  readonly byNameOnly?: true;
  /** Tells this method's ready-made secret from another method's, where both need the same fields. */
  readonly recognises?: (credentials: Credentials) => boolean;
  /** Default name of the environment variable that it exports. */
  readonly envName: string;
  readonly ending: Ending;
  /** Variables that are exported beside the token, whatever its own is called. */
  readonly alsoExports?: (credential: Credential) => Readonly<Record<string, string>>;
  /** Every request header that the credential needs; none where it goes elsewhere. */
  headers(credential: Credential): Readonly<Record<string, string>>;
  /**
   * Turns the user's credentials into a credential.
   * @throws {Failure} by the contract's judging order
   */
  exchange(
    credentials: Record<Needed, string> & Partial<Record<Optional, string>>,
    http: Http,
    hands: Hands,
  ): Promise<Credential>;
  /**
   * One harmless authenticated request that proves the credential.
   * @throws {Failure} where what answers is not the service
   */
  probe(credential: Credential, http: Http): Promise<Verdict>;
}

export interface Method extends Omit<MethodOf<Field, Field>, "exchange"> {
  exchange(credentials: Credentials, http: Http, hands: Hands): Promise<Credential>;
}

/** A method whose exchange sees just the fields that it names. */
export function method<const Needed extends Field, const Optional extends Field = never>(
  definition: MethodOf<Needed, Optional>,
): Method {
  return {
    ...definition,
    exchange(credentials, http, hands) {
      if (!holds(credentials, definition.needs)) throw new Error(`${definition.id} was called without what it needs`);
      return definition.exchange(credentials, http, hands);
    },
  };
}

function holds<Needed extends Field>(
  credentials: Credentials,
  needs: readonly Needed[],
): credentials is Credentials & Record<Needed, string> {
  return needs.every((field) => credentials[field] !== undefined);
}

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
  /** What people paste after the base URL; matches at the end of the path. */
  readonly pastedTail: RegExp;
  /** That tail may come with a fragment, as in the address of a single-page application. */
  readonly pastedFragment?: true;
  readonly methods: readonly Method[];
  /** Whether a revocation needs the client credentials again. */
  readonly revokesWithClient?: true;
  /** Whether a handle, which may come out of a seal, is one of this provider's. */
  ownsHandle?(handle: Handle): boolean;
  /** Where in the service a leftover is removed by hand. */
  readonly byHand: string;
  /**
   * Takes back what the handle names.
   * @throws {Failure} where the handle is not one of this provider, or the service cannot be reached
   */
  revoke?(handle: Handle, http: Http, client: Credentials): Promise<Revocation>;
  /** Removes what earlier runs of this job left because they were killed; returns how many. */
  sweep?(handle: Handle, http: Http, run: Run): Promise<number>;
}

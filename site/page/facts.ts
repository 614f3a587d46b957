/** What the page knows of the action; the build gathers it from `action.yml`, the registry and real runs. */

export interface Facts {
  /** `OWNER/api-token-exchange`. */
  readonly repository: string;
  /** What each input is for, by its name. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly services: readonly ServiceFacts[];
  /** Ready choices for the service `oauth2`, by the server that is asked. */
  readonly recipes: readonly Recipe[];
}

export interface ServiceFacts {
  readonly id: string;
  readonly name: string;
  /** Whether `url` has to be given, and what stands in examples. */
  readonly url: { readonly isNeeded: boolean; readonly example: string };
  readonly methods: readonly MethodFacts[];
}

export interface MethodFacts {
  readonly id: string;
  /** Whether the step has to name it, since the credentials alone would not lead to it. */
  readonly isNamed: boolean;
  /** The credentials that it needs. */
  readonly needs: readonly string[];
  /** The inputs that it takes beside them. */
  readonly options: readonly string[];
  /** The names that `parameters` has to give. */
  readonly parameters: readonly string[];
  /** It proves the job with GitHub's ID token. */
  readonly usesIdToken: boolean;
  /** Variables that it exports: the token's first, which `env-name` can change. */
  readonly variables: readonly string[];
  readonly ending: "revocable" | "expires" | "ready-made";
  /** The credentials that a closing job has to give again; undefined where nothing can be revoked. */
  readonly closing?: readonly string[];
  /** What a run logged, and what its last part did; absent where nothing stands in for the service. */
  readonly log?: readonly string[];
  readonly logWhenSealing?: readonly string[];
  readonly logAtEnd?: readonly string[];
}

export interface Recipe {
  readonly id: string;
  readonly name: string;
  readonly method: string;
  /** The inputs that it sets, but for credentials. */
  readonly inputs: Readonly<Record<string, string>>;
}

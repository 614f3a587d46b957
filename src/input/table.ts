/** What is known of an input beside its name. */
interface Facts {
  /** It holds a secret: masked before anything else is done. */
  readonly secret?: true;
  /** It may stand beside `sealed`; all else comes out of the seal. */
  readonly besideSeal?: true;
}

/** Every input of `action.yml`, in its order. */
const TABLE = {
  provider: { besideSeal: true },
  method: {},
  url: { besideSeal: true },
  token: { secret: true },
  username: {},
  password: { secret: true },
  "client-id": {},
  "client-secret": { secret: true },
  "private-key": { secret: true },
  credentials: { secret: true, besideSeal: true },
  scope: {},
  audience: {},
  "token-url": {},
  "client-auth": {},
  parameters: {},
  body: {},
  "id-token-audience": {},
  "probe-url": {},
  "revocation-url": {},
  definition: {},
  probe: { besideSeal: true },
  "export-env": { besideSeal: true },
  "env-name": { besideSeal: true },
  revoke: { besideSeal: true },
  timeout: { besideSeal: true },
  retries: { besideSeal: true },
  "ca-certificate": { besideSeal: true },
  "allow-http": { besideSeal: true },
  summary: { besideSeal: true },
  "seal-key": { secret: true, besideSeal: true },
  sealed: { besideSeal: true },
} as const satisfies Record<string, Facts>;

export type InputName = keyof typeof TABLE;

const FACTS: Readonly<Record<InputName, Facts>> = TABLE;

/** The names of the inputs. */
export const INPUTS = Object.keys(TABLE).filter((name) => isInput(name));

function isInput(name: string): name is InputName {
  return Object.hasOwn(TABLE, name);
}

export function isSecret(name: InputName): boolean {
  return FACTS[name].secret === true;
}

export function mayStandBesideSeal(name: InputName): boolean {
  return FACTS[name].besideSeal === true;
}

/** The inputs as texts; empty is absent, since the runner cannot tell these apart. */
export type Inputs = Readonly<Record<InputName, string>> & {
  /** Inputs that the action does not have, as the user wrote them, each under the one that it must mean. */
  readonly misspelt?: Readonly<Partial<Record<InputName, string>>>;
};

/** Something of each input. */
export function eachInput(of: (name: InputName) => string): Record<InputName, string> {
  return Object.fromEntries(INPUTS.map((name) => [name, of(name)])) as Record<InputName, string>;
}

import { plan } from "../../src/input/plan.ts";
import { parseSettings } from "../../src/input/settings.ts";
import { INPUTS, type InputName, type Inputs } from "../../src/input/table.ts";

/** The inputs that a workflow gives. */
export type Given = Readonly<Partial<Record<InputName, string>>>;

export const KEY = "tlp-k1-22.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
export const LOGIN = { username: "ci-robot", password: "correct-horse" } as const;
export const PAIR = { "client-id": "5F2A", "client-secret": "battery-staple" } as const;
export const TOKEN = "a-ready-made-token";
export const URL_ = "https://service.example.com";

/** A step of QA, which needs no URL, with these inputs in addition. */
export const qa = (given: Given = {}): Given => ({ provider: "qa", ...PAIR, ...given });
export const tuleap = (given: Given): Given => ({ provider: "tuleap", url: URL_, ...given });
export const reportportal = (given: Given): Given => ({ provider: "reportportal", url: URL_, ...given });
export const virtuozzo = (given: Given): Given => ({ provider: "virtuozzo", url: URL_, ...given });
export const xray = (given: Given): Given => ({ provider: "xray", ...given });

/** As the action reads them: what is not given is empty. */
export function inputsOf(given: Given): Inputs {
  const empty = Object.fromEntries(INPUTS.map((name) => [name, ""])) as Record<InputName, string>;
  return { ...empty, ...given };
}

/**
 * What the action decides from these inputs.
 * @throws {Failure} where it refuses them
 */
export async function chosen(given: Given) {
  const inputs = inputsOf(given);
  const { target } = plan(inputs, parseSettings(inputs), {
    run: { server: "", repository: "", workflow: "", job: "", id: "1", attempt: "1", selfHosted: false },
    tell: () => {},
    secret: () => {},
    definition: () => "",
  });
  return { provider: target.provider.id, method: target.method.id, url: target.url, envName: target.envName };
}

import { readFileSync } from "node:fs";
import { DescriptionDictionary, data } from "@actions/expressions";
import { validate } from "@actions/languageservice";
import type { ActionMetadata, ActionReference } from "@actions/languageservice/action";
import { TextDocument } from "vscode-languageserver-textdocument";
import { parse } from "yaml";
import { packageJson } from "./support.ts";

const { owner } = packageJson.config;
const manifest: ActionMetadata = parse(readFileSync("action.yml", "utf8"));
/** What is not known of an action of others: the service then accepts whatever it is given. */
const UNKNOWN: ActionMetadata = { name: "", description: "" };

/** Texts of workflows that others call, by what stands before the `@` of a job's `uses`. */
export type Called = Readonly<Record<string, string>>;

let count = 0;

/**
 * What GitHub's own editor would underline in a workflow, or in `action.yml`: the words of each finding with its line. It
 * knows this action's inputs and outputs from `action.yml`, and the workflows that are called.
 */
export async function findings(text: string, called: Called = {}, name?: "action.yml"): Promise<string[]> {
  // What it has read it remembers by name.
  const uri = `file:///${count++}/${name ?? ".github/workflows/file.yml"}`;
  // A local path is not looked up by the service, so the action gets the name that others know it by.
  const published = text.replace(/\buses: \.\/$/gm, `uses: ${owner}/api-token-exchange@v1`);
  const found = await validate(TextDocument.create(uri, "yaml", 0, published), {
    actionsMetadataProvider: {
      fetchActionMetadata: async (action) => (isThisAction(action) ? manifest : UNKNOWN),
    },
    fileProvider: {
      async getFileContent(reference) {
        const path =
          "repository" in reference ? `${reference.owner}/${reference.repository}/${reference.path}` : reference.path;
        const content = called[path];
        if (content === undefined) throw new Error(`There is no ${path}`);
        return { name: path, content };
      },
    },
    contextProviderConfig: {
      getContext: async (context, known, { job }) => {
        // Of secrets and variables only the repository knows; of nothing else there is more to say.
        if (context !== "steps" || known === undefined || job === undefined || !("steps" in job)) return undefined;
        const own = job.steps.filter(
          (step) => "uses" in step && step.uses.value.startsWith(`${owner}/api-token-exchange@`),
        );
        return withOutputs(
          known,
          own.map(({ id }) => id),
        );
      },
    },
  });
  return found.map(({ message, range }) => `line ${range.start.line + 1}: ${message}`);
}

function isThisAction({ owner: of, name, path }: ActionReference): boolean {
  return of === owner && name === "api-token-exchange" && path === undefined;
}

/** The `steps` context in which the steps of this action have the outputs of `action.yml` and no other. */
function withOutputs(steps: DescriptionDictionary, ids: readonly string[]): DescriptionDictionary {
  const result = new DescriptionDictionary();
  for (const { key, value, description } of steps.pairs()) {
    const outputs = new DescriptionDictionary();
    for (const name of Object.keys(manifest.outputs ?? {})) outputs.add(name, new data.Null());
    const step = new DescriptionDictionary();
    step.add("outputs", outputs);
    for (const name of ["outcome", "conclusion"]) step.add(name, new data.Null());
    result.add(key, ids.includes(key) ? step : value, description);
  }
  return result;
}

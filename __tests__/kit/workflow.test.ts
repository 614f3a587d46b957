import { describe, expect, test } from "@jest/globals";
import { runWorkflow } from "./workflow.ts";

/** A workflow with one job of these steps. */
function job(steps: string, more = ""): string {
  return `on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n${more}    steps:\n${steps}`;
}

describe("the workflow interpreter", () => {
  test("drops a job output that holds a masked value, and warns", async () => {
    const steps = `
      - id: made
        run: |
          echo "::add-mask::s3cret-value"
          echo "token=s3cret-value" >> "$GITHUB_OUTPUT"
          echo "kept=plain" >> "$GITHUB_OUTPUT"
          echo "SHOWN=s3cret-value" >> "$GITHUB_ENV"
      - run: test "$SHOWN" = "s3cret-value" && echo "$SHOWN"`;
    const outputs = `    outputs:
      token: \${{ steps.made.outputs.token }}
      kept: \${{ steps.made.outputs.kept }}
`;
    const { jobs } = await runWorkflow(job(steps, outputs));
    expect(jobs[0]).toMatchObject({ result: "success", outputs: { kept: "plain" } });
    expect(jobs[0]?.warnings).toEqual(["Skip output 'token' since it may contain secret."]);
    expect(jobs[0]?.steps[1]?.log).toBe("***\n");
  });

  test("skips steps after a failure, save those that ask for it", async () => {
    const steps = `
      - run: exit 3
      - run: echo no
      - if: \${{ failure() }}
        run: echo yes
      - if: always() && '' != 'a'
        run: echo yes`;
    const run = await runWorkflow(job(steps));
    expect(run.conclusion).toBe("failure");
    expect(run.jobs[0]?.steps.map(({ outcome }) => outcome)).toEqual(["failure", "skipped", "success", "success"]);
    expect(run.jobs[0]?.steps[0]?.log).toContain("Process completed with exit code 3.");
  });

  test("goes on after a failure that is forgiven", async () => {
    const steps = `
      - id: first
        run: exit 1
        continue-on-error: true
      - if: steps.first.outcome == 'failure' && steps.first.conclusion == 'success'
        run: echo yes`;
    const run = await runWorkflow(job(steps));
    expect(run.conclusion).toBe("success");
    expect(run.jobs[0]?.steps[1]?.outcome).toBe("success");
  });

  test("skips jobs whose needs failed, also those further on", async () => {
    const run = await runWorkflow(`
on: push
jobs:
  last: { runs-on: x, needs: middle, steps: [{ run: echo }] }
  middle: { runs-on: x, needs: [first], steps: [{ run: echo }] }
  first: { runs-on: x, steps: [{ run: exit 1 }] }
  closing: { runs-on: x, needs: [first, last], if: always(), steps: [{ run: 'test "$R" = "failure skipped"', env: { R: "\${{ needs.first.result }} \${{ needs.last.result }}" } }] }
`);
    expect(run.jobs.map(({ id, result }) => [id, result])).toEqual([
      ["last", "skipped"],
      ["middle", "skipped"],
      ["first", "failure"],
      ["closing", "success"],
    ]);
  });

  test("multiplies lists and adds what is included", async () => {
    const matrix = `    strategy:
      matrix:
        os: [a, b]
        version: [1, 2]
        include:
          - os: a
            extra: yes please
          - os: c
`;
    const steps = `
      - id: out
        run: echo "$ALL"
        env:
          ALL: \${{ matrix.os }}-\${{ matrix.version }}-\${{ matrix.extra }}`;
    const { jobs } = await runWorkflow(job(steps, matrix));
    const logs = jobs.map(({ steps: [step] }) => step?.log.trim());
    expect(logs).toEqual(["a-1-yes please", "a-2-yes please", "b-1-", "b-2-", "c--"]);
  });

  test("lays the variables of a step over those of the job and the workflow", async () => {
    const text = `on: push
env: { A: workflow, B: workflow, C: workflow }
jobs:
  one:
    runs-on: x
    env: { B: job, C: job }
    steps:
      - run: echo "$A $B $C"
        env: { C: step }`;
    const { jobs } = await runWorkflow(text);
    expect(jobs[0]?.steps[0]?.log).toBe("workflow job step\n");
  });

  test.each([
    ["a secret in a condition", job("      - run: echo\n        if: secrets.A != ''"), "Unrecognized named-value"],
    [
      "a key that it does not play",
      job("      - run: echo\n        working-directory: x"),
      'Unrecognized key: "working-directory"',
    ],
    ["an action that it does not know", job("      - uses: somebody/something@v1"), "does not know"],
    ["an expression that it cannot read", job(`      - run: echo \${{ github. }}`), "cannot read"],
  ])("refuses %s", async (_, text, message) => {
    await expect(runWorkflow(text)).rejects.toThrow(message);
  });
});

/** The run that the sandbox plays. */
export const RUN = {
  server: "https://github.com",
  repository: "octo-org/octo-repo",
  workflow: "Sandbox",
  job: "sandbox",
  id: "1658821493",
  attempt: "1",
  selfHosted: false,
};

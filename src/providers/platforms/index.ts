/** The definitions beside this file, by their names. Written by `npm run docs`. */
export const PLATFORMS: readonly string[] = [
  "allure-testops",
  "artifactory",
  "blackduck",
  "dependency-track",
  "fortify-ssc",
  "jama",
  "qtest",
  "sonarqube",
  "tosca",
  "zebrunner",
];

/** The names of the definitions beside this file. Written by `npm run docs`. */
export const platforms: readonly string[] = [
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

/** The definitions beside this file, each loaded when it is chosen. Written by `npm run docs`. */
export const platforms: Readonly<Record<string, () => Promise<{ readonly default: unknown }>>> = {
  "allure-testops": () => import(/* webpackMode: "eager" */ "./allure-testops.json", { with: { type: "json" } }),
  artifactory: () => import(/* webpackMode: "eager" */ "./artifactory.json", { with: { type: "json" } }),
  blackduck: () => import(/* webpackMode: "eager" */ "./blackduck.json", { with: { type: "json" } }),
  "dependency-track": () => import(/* webpackMode: "eager" */ "./dependency-track.json", { with: { type: "json" } }),
  "fortify-ssc": () => import(/* webpackMode: "eager" */ "./fortify-ssc.json", { with: { type: "json" } }),
  jama: () => import(/* webpackMode: "eager" */ "./jama.json", { with: { type: "json" } }),
  qtest: () => import(/* webpackMode: "eager" */ "./qtest.json", { with: { type: "json" } }),
  sonarqube: () => import(/* webpackMode: "eager" */ "./sonarqube.json", { with: { type: "json" } }),
  tosca: () => import(/* webpackMode: "eager" */ "./tosca.json", { with: { type: "json" } }),
  zebrunner: () => import(/* webpackMode: "eager" */ "./zebrunner.json", { with: { type: "json" } }),
};

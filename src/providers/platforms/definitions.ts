import allureTestops from "./allure-testops.json" with { type: "json" };
import artifactory from "./artifactory.json" with { type: "json" };
import blackduck from "./blackduck.json" with { type: "json" };
import dependencyTrack from "./dependency-track.json" with { type: "json" };
import fortifySsc from "./fortify-ssc.json" with { type: "json" };
import jama from "./jama.json" with { type: "json" };
import qtest from "./qtest.json" with { type: "json" };
import sonarqube from "./sonarqube.json" with { type: "json" };
import tosca from "./tosca.json" with { type: "json" };
import zebrunner from "./zebrunner.json" with { type: "json" };

/** The definitions beside this file. Written by `npm run docs`. */
export const definitions: Readonly<Record<string, unknown>> = {
  "allure-testops": allureTestops,
  artifactory,
  blackduck,
  "dependency-track": dependencyTrack,
  "fortify-ssc": fortifySsc,
  jama,
  qtest,
  sonarqube,
  tosca,
  zebrunner,
};

// Loaded before a program: it writes at its end what the program loaded and took. Nothing is loaded for it.
process.on("exit", () => {
  const parts = process.moduleLoadList;
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const inside = { parts, kilobytes: maxRSS, milliseconds: (userCPUTime + systemCPUTime) / 1000 };
  require("node:fs").writeFileSync(process.env.INSIDE, JSON.stringify(inside));
});

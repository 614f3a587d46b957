if (process.env.STATE_revocation === "none") console.log("Nothing to take back."); else require("./index.js").post();

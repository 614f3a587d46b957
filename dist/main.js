require("./index.js").main();

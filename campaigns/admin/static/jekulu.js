// The phones page asks for news every two seconds, and only while somebody looks at it.
setInterval(function () {
  if (!document.hidden) document.body.dispatchEvent(new Event("tick"));
}, 2000);

// The list of programmes closes when one goes on elsewhere, or presses Escape.
["click", "focusin", "keydown"].forEach(function (name) {
  document.addEventListener(name, function (event) {
    var open = document.querySelector(".programmes[open]");
    if (open && (event.key === "Escape" || (name !== "keydown" && !open.contains(event.target)))) open.open = false;
  });
});

// A phone that has sent its SMS has an empty line again.
document.addEventListener("htmx:afterRequest", function (event) {
  var key = event.detail.elt.closest("button"), keys = key && key.closest(".keys");
  if (keys && event.detail.successful) keys.querySelector("textarea").value = "";
});

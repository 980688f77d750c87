/** A slider over each pair of pictures: left of it the picture as it was before, right of it as it is after. */

for (const pair of document.querySelectorAll(".pair")) {
  const looks = pair.querySelector(".looks");
  const before = pair.querySelector(".before");
  const slider = pair.querySelector("input");
  const show = () => {
    before.style.clipPath = `inset(0 ${100 - slider.value}% 0 0)`;
  };
  const follow = (event) => {
    const { left, width } = looks.getBoundingClientRect();
    slider.value = (100 * (event.clientX - left)) / width; // which keeps it within its ends
    show();
  };
  looks.classList.add("over");
  looks.addEventListener("pointerdown", follow);
  looks.addEventListener("pointermove", (event) => event.buttons && follow(event));
  slider.addEventListener("input", show);
  show();
}

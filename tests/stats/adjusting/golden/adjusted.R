# What lm() and clubSandwich say of a regression of the units' outcomes on arm and past, CR2 with Satterthwaite.
# Debian: apt-get install r-cran-clubsandwich r-cran-jsonlite.  Rscript adjusted.R > adjusted.json
suppressMessages({library(clubSandwich); library(jsonlite)})

cases <- list(
  even = list( # twelve agents of 200 calls, six an arm: the analysis of covariance
    control = c(21, 17, 30, 12, 25, 19), challenger = c(28, 35, 22, 31, 40, 26),
    past_control = c(0.11, 0.08, 0.14, 0.05, 0.13, 0.10), past_challenger = c(0.10, 0.15, 0.07, 0.12, 0.17, 0.09)
  ),
  lopsided = list( # five against nine: each arm weighted by 1 / (m (m - 1))
    control = c(21, 17, 30, 12, 25), challenger = c(28, 35, 22, 31, 40, 26, 18, 44, 29),
    past_control = c(0.11, 0.08, 0.14, 0.05, 0.13),
    past_challenger = c(0.10, 0.15, 0.07, 0.12, 0.17, 0.09, 0.08, 0.16, 0.13)
  )
)
calls <- 200

compared <- function(case) {
  sizes <- c(length(case$control), length(case$challenger))
  arm <- rep(0:1, sizes)
  rate <- c(case$control, case$challenger) / calls
  past <- c(case$past_control, case$past_challenger)
  vote <- rep(1 / (sizes * (sizes - 1)), sizes)
  fit <- lm(rate ~ arm + past, weights = vote)
  robust <- vcovCR(fit, cluster = seq_along(rate), type = "CR2", target = rep(1, length(rate)))
  test <- coef_test(fit, vcov = robust, test = "Satterthwaite")["arm", ]
  at <- predict(fit, data.frame(arm = 0:1, past = mean(past)))
  list(
    calls = calls, pasts = list(case$past_control, case$past_challenger), totals = list(case$control, case$challenger),
    found = list(
      control = at[[1]], challenger = at[[2]], difference = test$beta, standard_error = test$SE,
      degrees_of_freedom = test$df_Satt, p_value = test$p_Satt
    )
  )
}

cat(toJSON(lapply(cases, compared), digits = I(15), auto_unbox = TRUE, pretty = TRUE), "\n")
